/** Prints which implementation of WebCrypto is in use, or why there is none. */
import { provider } from "../../lib/crypto/webcrypto.ts";

console.log(provider);
