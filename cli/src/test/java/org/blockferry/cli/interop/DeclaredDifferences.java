package org.blockferry.cli.interop;

import java.util.List;

/**
 * Where {@code convert} does not do what {@code qemu-img convert} 7.2 does: all such lines that we know of, and nothing else. {@link
 * ConvertLineTest} runs each by both and fails when the difference is gone or is another one.
 */
final class DeclaredDifferences {
    /**
     * A line for which the two differ.
     *
     * @param why what ours does instead, and for what reason
     * @param prepare lines for qemu-img that are run before, in which {@code %} is the target; may be empty
     * @param line what follows {@code convert}; {@code @} stands before a file of the test, {@code %} is the target
     * @param qemuCode exit code of qemu-img
     * @param ourCode exit code of ours
     * @param says what our line of error says; empty when there is none
     */
    record Difference(String why, String prepare, String line, int qemuCode, int ourCode, String says) {
        @Override
        public String toString() {
            return line;
        }
    }

    static final List<Difference> CONVERT = List.of(
            new Difference("a base of other content is refused; qemu-img writes an image that reads differently", "",
                    "-O qcow2 -B @other.raw -F raw @overlay.qcow2 %", 0, 1, "this is not the base of"),
            new Difference("a base that is shorter than the source's is refused", "",
                    "-O qcow2 -B @short.raw -F raw @overlay.qcow2 %", 0, 1, "this is not the base of"),
            new Difference("qemu-img says why it copies nothing, and exits with 0", "create -q -f raw % 8M",
                    "-n --target-is-zero -O raw -B @base.raw -F raw @base.raw %", 0, 1,
                    "Cannot use --target-is-zero when the destination image has a backing file"),
            new Difference("-B is for a new target; what one that is there has as base, it has already", "create -q -f qcow2 % 8M",
                    "-n -O qcow2 -B @base.raw -F raw @base.raw %", 0, 1, "is given to a new target"),
            new Difference("the base is given once", "",
                    "-O qcow2 -B @base.raw -F raw -o backing_file=@base.raw @base.raw %", 0, 1, "given twice"),
            new Difference("formats that are not read are unknown", "", "-f vmdk @base.vmdk %", 0, 1, "Unknown driver 'vmdk'"),
            new Difference("formats that are not written are unknown", "", "-O vmdk @base.raw %", 0, 1,
                    "Unknown file format 'vmdk'"),
            new Difference("persistent bitmaps are not copied yet, and nothing is written", "",
                    "--bitmaps -O qcow2 @bitmap.qcow2 %", 0, 1, "--bitmaps"),
            new Difference("compressed clusters are written to new images only", "create -q -f qcow2 % 8M",
                    "-n -c -O qcow2 @base.raw %", 0, 1, "Compression not supported"),
            new Difference("a raw file is not cut out of the target", "create -q -f raw % 16M",
                    "-n --target-image-opts @base.raw driver=raw,offset=1M,file.filename=%", 0, 1, "are for sources"));

    private DeclaredDifferences() {
    }
}
