/** Prints which implementation of WebCrypto is in use, with the command line's last word on errors. */
import "../../lib/cli/command-line.ts";
import { provider } from "../../lib/crypto/webcrypto.ts";

console.log(provider);
