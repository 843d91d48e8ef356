using Microsoft.Win32.SafeHandles;
using Pyro.Vmm.Snapshots;
using Pyro.Vmm.Tests.Disks;

namespace Pyro.Vmm.Tests.Snapshots;

public sealed class LayerRecordTests
{
    [Fact]
    public void A_layer_that_is_known_and_untouched_is_not_read_again()
    {
        using SafeFileHandle layer = TestDisk.NewFile("what it holds"u8);
        LayerRecord read = Assert.Single(LayerRecord.Of([layer], []));
        // A checksum that no reading gives.
        LayerRecord known = read with { Checksum = read.Checksum ^ 1 };
        Assert.Equal([known], LayerRecord.Of([layer], [known]));
    }

    [Fact]
    public void A_layer_that_was_touched_since_is_read_again()
    {
        using SafeFileHandle layer = TestDisk.NewFile("what it holds"u8), other = TestDisk.NewFile("another one"u8);
        LayerRecord before = Assert.Single(LayerRecord.Of([layer], []));
        RandomAccess.Write(layer, "more than it held"u8, 0);
        LayerRecord[] after = LayerRecord.Of([layer, other], [before]);
        Assert.NotEqual(before.Checksum, after[0].Checksum);
        Assert.Equal(LayerRecord.Of([layer, other], []), after);
    }
}
