package org.blockferry.cli.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.blockferry.cli.CliRun;
import org.blockferry.engine.testing.Peers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The case table of the design, row by row: {@code base <- overlay} made by qemu-io, copied with and without the base kept, planned by
 * {@code --dry-run} and proved by {@code qemu-img map}, {@code compare} and {@code check}.
 */
class CaseTableTest {
    /** Bytes of each case: four clusters. */
    private static final long REGION = 4 * 65536;

    /** One row: how qemu-io makes it, what is planned, and what qemu-img sees of the two copies. */
    enum Case {
        DATA_IN_OVERLAY_1A("write -P 0xb1", "write -P 0xa1", "copy", "0 t f t", "copy", "0 t f t"),
        WRITTEN_ZEROES_IN_OVERLAY_1B("write -P 0xb2", "write -P 0", "copy", "0 f t f", "copy", "0 t t f"),
        ZERO_CLUSTER_IN_OVERLAY_2("write -P 0xb3", "write -z -u", "zero", "0 f t f", "zero", "0 t t f"),
        PREALLOCATED_ZERO_IN_OVERLAY_3("write -P 0xb4", "write -P 0xa4;write -z", "zero", "0 f t f", "zero", "0 t t f"),
        DATA_IN_BASE_4A("write -P 0xb5", "", "copy", "0 t f t", "skip", "1 t f t"),
        WRITTEN_ZEROES_IN_BASE_4B("write -P 0", "", "copy", "0 f t f", "skip", "1 t f t"),
        ZERO_CLUSTER_IN_BASE_4C("write -z -u", "", "zero", "0 f t f", "skip", "1 t t f"),
        PREALLOCATED_ZERO_IN_BASE_4D("write -P 0xb8;write -z", "", "zero", "0 f t f", "skip", "1 t t f"),
        UNALLOCATED_EVERYWHERE_4E("", "", "zero", "0 f t f", "skip", "1 f t f"),
        COMPRESSED_IN_OVERLAY_6("write -P 0xba", "write -c -P 0xaa", "copy", "0 t f t", "copy", "0 t f t"),
        PAST_THE_END_OF_BASE_5("past", "", "zero", "0 f t f", "skip", "0 f t f"),
        DATA_PAST_THE_END_OF_BASE("past", "write -P 0xac", "copy", "0 t f t", "copy", "0 t f t"),
        ZERO_CLUSTER_PAST_THE_END_OF_BASE("past", "write -z -u", "zero", "0 f t f", "zero", "0 f t f");

        private final String inBase;
        private final String inOverlay;
        private final String planned;
        private final String mapped;
        private final String plannedKept;
        private final String mappedKept;

        Case(String inBase, String inOverlay, String planned, String mapped, String plannedKept, String mappedKept) {
            this.inBase = inBase;
            this.inOverlay = inOverlay;
            this.planned = planned;
            this.mapped = mapped;
            this.plannedKept = plannedKept;
            this.mappedKept = mappedKept;
        }

        long offset() {
            return ordinal() * REGION;
        }

        boolean isPastBase() {
            return inBase.equals("past");
        }
    }

    @TempDir
    static Path folder;
    private static QemuMap flat;
    private static QemuMap kept;
    private static Map<String, Object> plan;
    private static Map<String, Object> planKept;

    @BeforeAll
    static void copies() throws IOException {
        Peers.require("qemu-img", "qemu-io");
        long baseLength = Case.PAST_THE_END_OF_BASE_5.offset();
        long length = Case.values().length * REGION;
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "base.qcow2", Long.toString(baseLength));
        List<String> writes = new ArrayList<>();
        for (Case row : Case.values()) {
            if (!row.isPastBase()) {
                addWrites(writes, row.inBase, row);
            }
        }
        qemuIo("base.qcow2", writes);
        Peers.run(folder, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "overlay.qcow2",
                Long.toString(length));
        writes.clear();
        for (Case row : Case.values()) {
            addWrites(writes, row.inOverlay, row);
        }
        qemuIo("overlay.qcow2", writes);
        String overlay = folder.resolve("overlay.qcow2").toString();
        String base = folder.resolve("base.qcow2").toString();
        String flatCopy = folder.resolve("flat.qcow2").toString();
        String keptCopy = folder.resolve("kept.qcow2").toString();
        plan = CliRun.of("copy", "--dry-run", "--json", overlay, flatCopy).expect(0).json();
        planKept = CliRun.of("copy", "--dry-run", "--json", "--backing", base, overlay, keptCopy).expect(0).json();
        CliRun.of("copy", overlay, flatCopy).expect(0);
        CliRun.of("copy", "--backing", base, overlay, keptCopy).expect(0);
        flat = QemuMap.of(folder, "qcow2", "flat.qcow2");
        kept = QemuMap.of(folder, "qcow2", "kept.qcow2");
    }

    private static void addWrites(List<String> writes, String commands, Case row) {
        for (String command : commands.split(";")) {
            if (!command.isEmpty()) {
                // qemu-io compresses one cluster a request.
                long step = command.contains("-c") ? 65536 : REGION;
                for (long at = 0; at < REGION; at += step) {
                    writes.add(command + " " + (row.offset() + at) + " " + step);
                }
            }
        }
    }

    private static void qemuIo(String image, List<String> commands) {
        List<String> line = new ArrayList<>(List.of("qemu-io", "-d", "unmap", "-f", "qcow2"));
        commands.forEach(command -> line.addAll(List.of("-c", command)));
        line.add(image);
        Peers.run(folder, line.toArray(String[]::new));
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void isPlannedAndCopiedAsTheTableSays(Case row) {
        assertEquals(row.planned, planned(plan, row), "planned");
        assertEquals(row.mapped, flat.at(row.offset()), "the copy's depth, present, zero, data");
        assertEquals(row.mapped, flat.at(row.offset() + REGION - 1), "the same at its end");
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void isPlannedAndCopiedAsTheTableSaysWithTheBaseKept(Case row) {
        assertEquals(row.plannedKept, planned(planKept, row), "planned");
        assertEquals(row.mappedKept, kept.at(row.offset()), "the copy's depth, present, zero, data");
        assertEquals(row.mappedKept, kept.at(row.offset() + REGION - 1), "the same at its end");
    }

    @SuppressWarnings("unchecked")
    private static String planned(Map<String, Object> plan, Case row) {
        List<String> actions = new ArrayList<>();
        for (Map<String, Object> run : (List<Map<String, Object>>) plan.get("runs")) {
            long start = (Long) run.get("start");
            if (start < row.offset() + REGION && start + (Long) run.get("length") > row.offset()) {
                String action = (String) run.get("action");
                if (!actions.contains(action)) {
                    actions.add(action);
                }
            }
        }
        return String.join(" and ", actions);
    }

    @Test
    void theCopiesReadAsTheSourceAndAreClean() {
        for (String copy : List.of("flat.qcow2", "kept.qcow2")) {
            Peers.run(folder, "qemu-img", "compare", "overlay.qcow2", copy);
            Peers.run(folder, "qemu-img", "check", copy);
        }
    }

    @Test
    void thePlansAddUpToTheDisk() {
        long length = Case.values().length * REGION;
        for (Map<String, Object> each : List.of(plan, planKept)) {
            assertEquals(length, (Long) each.get("copy") + (Long) each.get("zero") + (Long) each.get("skip"));
        }
    }
}
