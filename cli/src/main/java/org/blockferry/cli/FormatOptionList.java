package org.blockferry.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The values of {@code -o}: {@code name=value,name=value}, with qemu-img's rules. Two commas are one comma within a value; a name
 * alone means {@code name=on}; several {@code -o} add up, and the last value of a name counts.
 */
final class FormatOptionList {
    private FormatOptionList() {
    }

    /** Whether the user asks which options there are: {@code -o help} or {@code -o ?}. */
    static boolean asksForHelp(List<String> lists) {
        return lists.stream().anyMatch(list -> list.equals("help") || list.equals("?"));
    }

    /** @throws UsageException if a part has no name */
    static Map<String, String> parse(List<String> lists) throws UsageException {
        Map<String, String> options = new LinkedHashMap<>();
        for (String list : lists) {
            parse(list, options);
        }
        return options;
    }

    private static void parse(String list, Map<String, String> into) throws UsageException {
        StringBuilder part = new StringBuilder();
        for (int i = 0; i <= list.length(); i++) {
            boolean comma = i < list.length() && list.charAt(i) == ',';
            if (comma && i + 1 < list.length() && list.charAt(i + 1) == ',') {
                part.append(',');
                i++;
            } else if (comma || i == list.length()) {
                put(part.toString(), list, into);
                part.setLength(0);
            } else {
                part.append(list.charAt(i));
            }
        }
    }

    private static void put(String part, String list, Map<String, String> into) throws UsageException {
        int equals = part.indexOf('=');
        String name = equals < 0 ? part : part.substring(0, equals);
        if (name.isEmpty()) {
            throw new UsageException("-o is '" + list + "'; it is a list of name=value, separated by commas");
        }
        into.put(name, equals < 0 ? "on" : part.substring(equals + 1));
    }
}
