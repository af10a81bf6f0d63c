import java.net.*;

public class Client {
  public static void main(String[] args) throws Exception {
    try (var socket = new Socket(args[0], Integer.parseInt(args[1]))) {
      socket.getOutputStream().write(args[2].getBytes("UTF-8"));
      var buffer = new byte[65536];
      System.out.println(new String(buffer, 0, socket.getInputStream().read(buffer), "UTF-8"));
    }
  }
}
