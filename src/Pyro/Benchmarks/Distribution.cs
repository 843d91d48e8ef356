namespace Pyro.Benchmarks;

/// <summary>What there is to say about a series of measurements, in their own unit.</summary>
/// <param name="Count">How many there were.</param>
/// <param name="Median">Half of them are below; between the two in the middle if their number is even.</param>
/// <param name="P95">The smallest that 95 of 100 do not exceed (nearest rank).</param>
/// <param name="P99">The same of 99 of 100.</param>
/// <param name="Min">The smallest.</param>
/// <param name="Max">The largest.</param>
public sealed record Distribution(int Count, double Median, double P95, double P99, double Min, double Max)
{
    /// <summary>Sums up a series.</summary>
    /// <exception cref="ArgumentException">The series is empty.</exception>
    public static Distribution Of(IEnumerable<double> samples)
    {
        double[] sorted = [.. samples];
        if (sorted.Length == 0)
            throw new ArgumentException("there is nothing to sum up", nameof(samples));
        Array.Sort(sorted);
        int middle = sorted.Length / 2;
        double median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Distribution(sorted.Length, Round(median), Round(Percentile(sorted, 95)), Round(Percentile(sorted, 99)), Round(sorted[0]), Round(sorted[^1]));
    }

    private static double Percentile(double[] sorted, int percent) => sorted[((percent * sorted.Length) + 99) / 100 - 1];

    // A thousandth of the unit is below what any clock here can tell.
    private static double Round(double value) => Math.Round(value, 3);
}
