using Pyro.Benchmarks;

namespace Pyro.Tests.Benchmarks;

public sealed class DistributionTests
{
    [Fact]
    public void One_sample_is_all_of_it() => Assert.Equal(new Distribution(1, 3, 3, 3, 3, 3), Distribution.Of([3]));

    [Fact]
    public void The_median_of_an_even_number_lies_between_the_middle_two() => Assert.Equal(2.5, Distribution.Of([4, 1, 3, 2]).Median);

    [Fact]
    public void Ninety_five_of_a_hundred_do_not_exceed_the_95th_percentile() =>
        Assert.Equal(new Distribution(100, 50.5, 95, 99, 1, 100), Distribution.Of(Enumerable.Range(1, 100).Reverse().Select(i => (double)i)));

    [Fact]
    public void Of_twenty_samples_the_95th_percentile_is_the_second_largest() =>
        Assert.Equal(19, Distribution.Of(Enumerable.Range(1, 20).Select(i => (double)i)).P95);

    [Fact]
    public void Nothing_cannot_be_summed_up() => Assert.Throws<ArgumentException>(() => Distribution.Of([]));
}
