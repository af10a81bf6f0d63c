/** Prints which implementation of WebCrypto is in use, with the command line's last word on errors. */
import "../../lib/cli.ts";
import { provider } from "../../lib/webcrypto.ts";

console.log(provider);
