package org.blockferry.cli;

import java.time.Duration;
import java.util.Optional;
import org.blockferry.engine.job.Progress;
import org.blockferry.engine.util.ByteSize;

/**
 * How fast a copy goes, as a mean since it began.
 *
 * @param bytesPerSecond bytes that were moved, without those that cost nothing
 * @param left time left if the rest goes like what is done; empty while nothing is known
 */
record Pace(long bytesPerSecond, Optional<Duration> left) {

    static Pace of(Progress progress) {
        double seconds = progress.elapsed().toNanos() / 1e9;
        long rate = seconds > 0 ? (long) ((progress.copied() + progress.offloaded() + progress.zeroDetected()) / seconds) : 0;
        double fraction = progress.fraction().orElse(0);
        return new Pace(rate, fraction > 0
                ? Optional.of(Duration.ofMillis(Math.round(seconds * 1000 * (1 - fraction) / fraction))) : Optional.empty());
    }

    /** One line for a person who asked by a signal: {@code 1.5 GiB of 8 GiB (18 %), 812 MiB/s, 8 s left}. */
    static String line(Progress progress) {
        Pace pace = of(progress);
        StringBuilder line = new StringBuilder(ByteSize.format(progress.done()));
        if (progress.fraction().isPresent()) {
            line.append(" of ").append(ByteSize.format(progress.total()))
                    .append(" (").append((int) (100 * progress.fraction().getAsDouble())).append(" %)");
        }
        line.append(", ").append(ByteSize.format(pace.bytesPerSecond)).append("/s");
        pace.left.ifPresent(left -> line.append(", ").append(left.toSeconds()).append(" s left"));
        return line.toString();
    }
}
