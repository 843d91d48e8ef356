namespace Pyro.Environments;

/// <summary>
/// The second half of a build: from mmdebstrap's archive to an image. A shell script, because all of it has to run as
/// (real or mapped) root in one go, so that files keep their owners.
/// </summary>
internal static class DebianRootScript
{
    /// <summary>
    /// Arguments: the build's folder with <c>rootfs.tar</c>, the image's length in bytes, a UUID. Makes
    /// <c>rootfs.ext4</c> and <c>packages.txt</c> there.
    /// </summary>
    internal const string Text = """
        set -eu
        umask 022
        cd "$1"
        mkdir root
        # Device nodes come from devtmpfs, and cannot be made without being root.
        tar -C root --numeric-owner --xattrs --xattrs-include='*' --exclude='./dev/*' -xpf rootfs.tar
        rm rootfs.tar
        cd root

        # Nothing of the building machine: its mirror, its proxy, its name, its resolver.
        rm -rf etc/apt/sources.list etc/apt/sources.list.d/* etc/apt/apt.conf.d/99mmdebstrap etc/apt/auth.conf.d/*
        cat > etc/apt/sources.list.d/debian.sources <<'SOURCES'
        Types: deb
        URIs: http://deb.debian.org/debian
        Suites: bookworm bookworm-updates
        Components: main
        Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

        Types: deb
        URIs: http://deb.debian.org/debian-security
        Suites: bookworm-security
        Components: main
        Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
        SOURCES
        rm -f etc/hostname etc/hosts etc/resolv.conf etc/machine-id var/lib/dbus/machine-id
        echo pyro > etc/hostname
        printf '127.0.0.1\tlocalhost pyro\n::1\t\tlocalhost ip6-localhost ip6-loopback\n' > etc/hosts
        # Empty: programs see a first boot, and nobody shares an id. The agent writes the resolver.
        : > etc/machine-id
        : > etc/resolv.conf

        # What a machine can fetch or make again.
        rm -rf var/lib/apt/lists/* var/cache/apt/*.bin var/cache/apt/archives/*.deb var/cache/ldconfig/aux-cache \
            var/cache/debconf/*-old var/lib/dpkg/*-old var/log/apt var/log/*.log tmp/* var/tmp/*
        # bootstrapping started no service; a machine that wants some may.
        rm -f usr/sbin/policy-rc.d

        cd ..
        dpkg-query --admindir="$PWD/root/var/lib/dpkg" -W -f '${Package} ${Version}\n' > packages.txt
        find root -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
        chmod 755 root

        # -m 0: there is no other user to keep blocks for. A journal, because a workspace outlives a crash of its
        # machine; a small one, because all of it can end up in the overlay. Inode tables count as zeroed, so that
        # no machine has a kernel thread that writes 128 MiB of them (lazy_itable_init).
        export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH
        mkfs.ext4 -q -F -b 4096 -m 0 -J size=32 -L pyro-root -e remount-ro \
            -U "$3" -E "hash_seed=$3,lazy_itable_init=0,lazy_journal_init=1,root_owner=0:0" -d root rootfs.ext4 "$(($2 / 1024))k"
        rm -rf root
        # The zeros of the inode tables are reserved blocks after mkfs; a copy has holes there, 128 MiB less.
        cp --sparse=always rootfs.ext4 sparse.ext4
        mv sparse.ext4 rootfs.ext4
        # mkfs takes over when the files were unpacked here, which says nothing.
        last=$(dumpe2fs -h rootfs.ext4 2>/dev/null | awk '/^Inode count:/ { count = $3 } /^Free inodes:/ { print count - $3 }')
        seq 11 "$last" | sed "s/.*/sif <&> atime @$SOURCE_DATE_EPOCH\nsif <&> ctime @$SOURCE_DATE_EPOCH/" |
            debugfs -w -f - rootfs.ext4 >/dev/null 2>debugfs.log || { cat debugfs.log >&2; exit 1; }
        # The result belongs to the one who asked, also where root was a mapped one.
        chmod 644 rootfs.ext4 packages.txt
        """;
}
