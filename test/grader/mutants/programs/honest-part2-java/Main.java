import java.io.*;
import java.net.*;
import java.nio.charset.StandardCharsets;
import java.security.*;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.*;
import javax.crypto.*;
import javax.crypto.spec.*;

/** RSA-OAEP, AES-GCM and RSA-PSS; everything that is signed contains both hellos. */
public class Main {
    static final int LIMIT = 1 << 22;
    static final PrintStream screen = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    static final SecureRandom random = new SecureRandom();

    final KeyPair own;
    final DataInputStream in;
    final DataOutputStream out;
    final ByteArrayOutputStream transcript = new ByteArrayOutputStream();
    PublicKey peer;

    Main(Socket socket) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        own = generator.generateKeyPair();
        socket.setSoTimeout(30_000);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
    }

    void send(byte[] data) throws IOException {
        out.writeInt(data.length);
        out.write(data);
        out.flush();
        remember(data);
    }

    byte[] receive() throws IOException {
        int length = in.readInt();
        if (length < 0 || length > LIMIT) throw new IOException("too long");
        byte[] data = in.readNBytes(length);
        if (data.length < length) throw new EOFException();
        return data;
    }

    void remember(byte[] data) {
        transcript.writeBytes(new byte[] {(byte) (data.length >> 16), (byte) (data.length >> 8), (byte) data.length});
        transcript.writeBytes(data);
    }

    void sendKey() throws IOException {
        byte[] nonce = new byte[16];
        random.nextBytes(nonce);
        send(nonce);
        send(own.getPublic().getEncoded());
    }

    void receiveKey() throws Exception {
        remember(receive());
        byte[] encoded = receive();
        remember(encoded);
        RSAPublicKey key = (RSAPublicKey) KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(encoded));
        if (key.getModulus().bitLength() < 2048) throw new GeneralSecurityException("weak key");
        peer = key;
    }

    static Cipher oaep(int mode, Key key) throws Exception {
        Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
        cipher.init(mode, key, new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT));
        return cipher;
    }

    static Signature pss() throws Exception {
        Signature signature = Signature.getInstance("RSASSA-PSS");
        signature.setParameter(new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1));
        return signature;
    }

    static byte[] gcm(int mode, byte[] key, byte[] nonce, byte[] data) throws Exception {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, nonce));
        return cipher.doFinal(data);
    }

    /** Sends nonce and ciphertext, and signs all that was said so far. */
    void sendText(byte[] key, String text) throws Exception {
        byte[] nonce = new byte[12];
        random.nextBytes(nonce);
        send(nonce);
        send(gcm(Cipher.ENCRYPT_MODE, key, nonce, text.getBytes(StandardCharsets.UTF_8)));
        Signature signature = pss();
        signature.initSign(own.getPrivate());
        signature.update(transcript.toByteArray());
        send(signature.sign());
    }

    byte[][] receiveSigned(int fields) throws Exception {
        byte[][] data = new byte[fields][];
        for (int i = 0; i < fields; i++) remember(data[i] = receive());
        Signature signature = pss();
        signature.initVerify(peer);
        signature.update(transcript.toByteArray());
        byte[] proof = receive();
        if (!signature.verify(proof)) throw new SignatureException("not genuine");
        remember(proof);
        return data;
    }

    static String open(byte[] key, byte[] nonce, byte[] data) throws Exception {
        return new String(gcm(Cipher.DECRYPT_MODE, key, nonce, data), StandardCharsets.UTF_8);
    }

    static void serve(int port, String reply) throws Exception {
        try (ServerSocket server = new ServerSocket(port, 1, InetAddress.getLoopbackAddress()); Socket socket = server.accept()) {
            Main link = new Main(socket);
            link.receiveKey();
            link.sendKey();
            byte[][] request = link.receiveSigned(3);
            byte[] key = oaep(Cipher.DECRYPT_MODE, link.own.getPrivate()).doFinal(request[0]);
            screen.println("Received: " + open(key, request[1], request[2]));
            link.sendText(key, reply);
        }
    }

    static void talk(String host, int port, String text) throws Exception {
        try (Socket socket = new Socket(host, port)) {
            Main link = new Main(socket);
            link.sendKey();
            link.receiveKey();
            byte[] key = new byte[32];
            random.nextBytes(key);
            link.send(oaep(Cipher.ENCRYPT_MODE, link.peer).doFinal(key));
            link.sendText(key, text);
            byte[][] reply = link.receiveSigned(2);
            screen.println("Received: " + open(key, reply[0], reply[1]));
        }
    }

    static String readLine() throws IOException {
        return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
    }

    public static void main(String[] args) {
        try {
            if (args[0].equals("server")) serve(Integer.parseInt(args[1]), readLine());
            else talk(args[1], Integer.parseInt(args[2]), readLine());
        } catch (Exception e) {
            System.err.println("Refused: " + e);
            System.exit(1);
        }
    }
}
