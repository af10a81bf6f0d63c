public class Caesar {
    /** Shifts what can be typed on an English keyboard. */
    static String shift(String text, int by) {
        StringBuilder out = new StringBuilder();
        for (char c : text.toCharArray())
            out.append(c < 32 || c > 126 ? c : (char) (32 + Math.floorMod(c - 32 + by, 95)));
        return out.toString();
    }
}
