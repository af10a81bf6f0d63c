"""Makes keys: `keys.py NAME...`, and lists public ones: `keys.py --allow NAME...`."""
import hashlib, os, sys

if sys.argv[1] == "--allow":
    open("allowed", "w").write("".join(open(name + ".pub").read() + "\n" for name in sys.argv[2:]))
else:
    for name in sys.argv[1:]:
        private = os.urandom(16).hex()
        open(name + ".key", "w").write(private)
        open(name + ".pub", "w").write(hashlib.sha256(private.encode()).hexdigest())
