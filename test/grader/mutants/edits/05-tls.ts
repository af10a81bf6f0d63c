/** Exercise 05: edits that break a server and client of FTP over TLS. */
import type { Mutant } from "../mutant.ts";

export const broken: Mutant[] = [
  {
    name: "05-password-in-clear",
    task: "05",
    of: "honest-05-tls",
    broken: "the client logs in before it encrypts",
    edits: [
      {
        file: "ftpclient.py",
        find: `ftp.auth()
password = os.environ["FTP_PASSWORD"]
ftp.login("alice", password, secure=False)
`,
        replace: `ftp.login("alice", os.environ["FTP_PASSWORD"], secure=False)
ftp.auth()
`,
      },
      {
        file: "ftpserver.py",
        find: `            elif not self.secure:
                self.say("530 encrypt first")
`,
        replace: "",
      },
    ],
    kills: ["names"],
  },
  {
    name: "05-plain-data-connection",
    task: "05",
    of: "honest-05-tls",
    broken: "FTP over TLS with data connections in plaintext",
    edits: [
      {
        file: "ftpclient.py",
        find: `class Client(ftplib.FTP_TLS):
    """As ftplib, but an end of the data that TLS does not vouch for is an error."""

    def ntransfercmd(self, cmd, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        return self.context.wrap_socket(conn, server_hostname=self.host, suppress_ragged_eofs=False), size


ftp = Client(context=context, timeout=30)
`,
        replace: "ftp = ftplib.FTP_TLS(context=context, timeout=30)\n",
      },
      { file: "ftpclient.py", find: "ftp.prot_p()\n", replace: "" },
      {
        file: "ftpserver.py",
        find: "        return context.wrap_socket(sock, server_side=True, suppress_ragged_eofs=False)\n",
        replace: "        return sock\n",
      },
      {
        file: "ftpserver.py",
        find: "            elif not self.user or not self.protected:\n",
        replace: "            elif not self.user:\n",
      },
      {
        file: "ftpserver.py",
        find: String.raw`                    data.sendall("".join(n + "\r\n" for n in sorted(names)).encode())
                data.unwrap().close()
`,
        replace: String.raw`                    data.sendall("".join(n + "\r\n" for n in sorted(names)).encode())
                data.close()
`,
      },
      {
        file: "ftpserver.py",
        find: `            try:
                data.unwrap().close()
            except OSError:
                pass
`,
        replace: "",
      },
    ],
    kills: ["secret"],
  },
  {
    name: "05-tls-truncation",
    task: "05",
    of: "honest-05-tls",
    broken: "FTP over TLS that takes any end of the connection for the end of the file",
    edits: [
      {
        file: "ftpclient.py",
        find: `# Python sets this by default: any end of the connection would be the end of the file
context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
`,
        replace: "",
      },
      {
        file: "ftpserver.py",
        find: `# Python sets this by default: any end of the connection would be the end of the file
context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
`,
        replace: "",
      },
    ],
    kills: ["unaltered"],
  },
];
