package org.blockferry.cli;

import java.util.List;
import java.util.regex.Pattern;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.job.CopyOptions;

/** Long options of {@code nbdcopy}, for {@code copy}, where we mean the same by them. */
final class NbdcopyOptions {
    private NbdcopyOptions() {
    }

    static void declare(OptionTable table) {
        table.group("As nbdcopy has them")
                .flag("make what was written durable before the end, as -t writeback does", "--flush")
                .flag("allocate everything, zeroes too, as -S 0 does", "--allocated")
                .value("NUMBER", "connections to each NBD server at most, 1 to 64", "--connections")
                .value("SIZE", "bytes of one request to an NBD server at most, a power of two from 4K to 32M", "--request-size");
    }

    static void apply(Arguments arguments, CopyOptions.Builder options) throws UsageException {
        if (arguments.has("--flush")) {
            exclude(arguments, "--flush", "-t");
            options.targetCache(CacheMode.WRITEBACK);
        }
        if (arguments.has("--allocated")) {
            exclude(arguments, "--allocated", "-S");
            options.sparseSize(0);
        }
    }

    /** Apart, so that a copy without these options compiles no pattern. */
    private static final class Uri {
        private static final Pattern NBD = Pattern.compile("nbds?(\\+[a-z]+)?://.*");

        static boolean is(String image) {
            return NBD.matcher(image).matches();
        }
    }

    private static void exclude(Arguments arguments, String option, String other) throws UsageException {
        if (arguments.has(other)) {
            throw new UsageException(option + " and " + other + " exclude each other");
        }
    }

    /** The images, with what the options say of connections in the query of each NBD URI. */
    static List<String> images(Arguments arguments, List<String> images) throws UsageException {
        StringBuilder query = new StringBuilder();
        if (arguments.has("--connections")) {
            query.append("&connections=").append(arguments.number("--connections", 1, 64).getAsInt());
        }
        if (arguments.has("--request-size")) {
            long size = arguments.size("--request-size").getAsLong();
            if (size < 4 << 10 || size > 32 << 20 || Long.bitCount(size) != 1) {
                throw new UsageException("--request-size is '" + arguments.value("--request-size").get()
                        + "'; it is a power of two from 4K to 32M");
            }
            query.append("&request-size=").append(size);
        }
        if (query.length() == 0) {
            return images;
        }
        if (images.stream().noneMatch(Uri::is)) {
            throw new UsageException((arguments.has("--connections") ? "--connections" : "--request-size")
                    + " is for NBD servers, and no image is an nbd:// URI");
        }
        return images.stream().map(image -> !Uri.is(image) ? image
                : image + (image.indexOf('?') < 0 ? "?" + query.substring(1) : query)).toList();
    }
}
