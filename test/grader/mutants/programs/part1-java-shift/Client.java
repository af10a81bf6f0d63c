import java.io.*;
import java.math.BigInteger;
import java.net.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

public class Client {
    public static void main(String[] args) throws Exception {
        PrintStream screen = new PrintStream(System.out, true, "UTF-8");
        Socket socket = new Socket("127.0.0.1", Integer.parseInt(args[0]));
        BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        PrintWriter out = new PrintWriter(new OutputStreamWriter(socket.getOutputStream(), StandardCharsets.UTF_8), true);
        BigInteger n = new BigInteger(in.readLine());
        BigInteger secret = new BigInteger(2000, new Random());
        int shift = secret.mod(BigInteger.valueOf(1000)).intValue();
        out.println(secret.modPow(BigInteger.valueOf(65537), n));
        screen.println("Enter your message:");
        out.println(Caesar.shift(new Scanner(System.in, "UTF-8").nextLine(), shift));
        screen.println("Server: " + Caesar.shift(in.readLine(), -shift));
    }
}
