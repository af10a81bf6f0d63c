import java.net.*;

public class Server {
  public static void main(String[] args) throws Exception {
    try (var listener = new ServerSocket(Integer.parseInt(args[0])); var socket = listener.accept()) {
      var buffer = new byte[65536];
      System.out.println(new String(buffer, 0, socket.getInputStream().read(buffer), "UTF-8"));
      socket.getOutputStream().write(args[1].getBytes("UTF-8"));
    }
  }
}
