"""Makes the keys, and lists those of alice and bob. The pretender has only alice's public key."""
import csv
from channel import DER, SPKI, fingerprint, identity

with open("allowed.csv", "w", newline="") as f:
    rows = csv.writer(f)
    for name in ("alice", "bob"):
        spki = identity(name + ".pem").public_key().public_bytes(DER, SPKI)
        rows.writerow([name, fingerprint(spki)])
        open(name + ".pub", "wb").write(spki)
identity("mallory.pem")
