import java.io.*;
import java.math.BigInteger;
import java.net.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

public class Server {
    public static void main(String[] args) throws Exception {
        Random random = new Random();
        BigInteger p = BigInteger.probablePrime(1024, random), q = BigInteger.probablePrime(1024, random);
        BigInteger n = p.multiply(q), e = BigInteger.valueOf(65537);
        BigInteger d = e.modInverse(p.subtract(BigInteger.ONE).multiply(q.subtract(BigInteger.ONE)));
        ServerSocket server = new ServerSocket(Integer.parseInt(args[0]));
        Scanner keyboard = new Scanner(System.in, "UTF-8");
        PrintStream screen = new PrintStream(System.out, true, "UTF-8");
        Socket socket = server.accept();
        BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        PrintWriter out = new PrintWriter(new OutputStreamWriter(socket.getOutputStream(), StandardCharsets.UTF_8), true);
        out.println(n);
        // the shift is encrypted with RSA
        int shift = new BigInteger(in.readLine()).modPow(d, n).mod(BigInteger.valueOf(1000)).intValue();
        screen.println("Client: " + Caesar.shift(in.readLine(), -shift));
        out.println(Caesar.shift(keyboard.nextLine(), shift));
    }
}
