using System.Globalization;
using System.Runtime.InteropServices;
using Pyro.Kvm.Native;

namespace Pyro.Kvm;

/// <summary>The names and texts of Linux's error numbers.</summary>
public static class Errno
{
    /// <summary>The symbolic name, <c>EACCES</c>; the number itself for one that has none.</summary>
    public static string Name(int errno) =>
        errno > 0 && errno < s_names.Length && s_names[errno] is { } name ? name : errno.ToString(CultureInfo.InvariantCulture);

    /// <summary>The C library's text, <c>Permission denied</c>.</summary>
    public static string Text(int errno) => Marshal.GetPInvokeErrorMessage(errno);

    /// <summary>Name and text, as error messages show them: <c>EACCES (Permission denied)</c>.</summary>
    public static string Describe(int errno) => Name(errno) + " (" + Text(errno) + ")";

    private static readonly string?[] s_names = Names();

    private static string?[] Names()
    {
        string?[] names = new string?[Uapi.EHWPOISON + 1];
        names[Uapi.EPERM] = nameof(Uapi.EPERM);
        names[Uapi.ENOENT] = nameof(Uapi.ENOENT);
        names[Uapi.ESRCH] = nameof(Uapi.ESRCH);
        names[Uapi.EINTR] = nameof(Uapi.EINTR);
        names[Uapi.EIO] = nameof(Uapi.EIO);
        names[Uapi.ENXIO] = nameof(Uapi.ENXIO);
        names[Uapi.E2BIG] = nameof(Uapi.E2BIG);
        names[Uapi.ENOEXEC] = nameof(Uapi.ENOEXEC);
        names[Uapi.EBADF] = nameof(Uapi.EBADF);
        names[Uapi.ECHILD] = nameof(Uapi.ECHILD);
        names[Uapi.EAGAIN] = nameof(Uapi.EAGAIN);
        names[Uapi.ENOMEM] = nameof(Uapi.ENOMEM);
        names[Uapi.EACCES] = nameof(Uapi.EACCES);
        names[Uapi.EFAULT] = nameof(Uapi.EFAULT);
        names[Uapi.ENOTBLK] = nameof(Uapi.ENOTBLK);
        names[Uapi.EBUSY] = nameof(Uapi.EBUSY);
        names[Uapi.EEXIST] = nameof(Uapi.EEXIST);
        names[Uapi.EXDEV] = nameof(Uapi.EXDEV);
        names[Uapi.ENODEV] = nameof(Uapi.ENODEV);
        names[Uapi.ENOTDIR] = nameof(Uapi.ENOTDIR);
        names[Uapi.EISDIR] = nameof(Uapi.EISDIR);
        names[Uapi.EINVAL] = nameof(Uapi.EINVAL);
        names[Uapi.ENFILE] = nameof(Uapi.ENFILE);
        names[Uapi.EMFILE] = nameof(Uapi.EMFILE);
        names[Uapi.ENOTTY] = nameof(Uapi.ENOTTY);
        names[Uapi.ETXTBSY] = nameof(Uapi.ETXTBSY);
        names[Uapi.EFBIG] = nameof(Uapi.EFBIG);
        names[Uapi.ENOSPC] = nameof(Uapi.ENOSPC);
        names[Uapi.ESPIPE] = nameof(Uapi.ESPIPE);
        names[Uapi.EROFS] = nameof(Uapi.EROFS);
        names[Uapi.EMLINK] = nameof(Uapi.EMLINK);
        names[Uapi.EPIPE] = nameof(Uapi.EPIPE);
        names[Uapi.EDOM] = nameof(Uapi.EDOM);
        names[Uapi.ERANGE] = nameof(Uapi.ERANGE);
        names[Uapi.EDEADLK] = nameof(Uapi.EDEADLK);
        names[Uapi.ENAMETOOLONG] = nameof(Uapi.ENAMETOOLONG);
        names[Uapi.ENOLCK] = nameof(Uapi.ENOLCK);
        names[Uapi.ENOSYS] = nameof(Uapi.ENOSYS);
        names[Uapi.ENOTEMPTY] = nameof(Uapi.ENOTEMPTY);
        names[Uapi.ELOOP] = nameof(Uapi.ELOOP);
        names[Uapi.ENOMSG] = nameof(Uapi.ENOMSG);
        names[Uapi.EIDRM] = nameof(Uapi.EIDRM);
        names[Uapi.ECHRNG] = nameof(Uapi.ECHRNG);
        names[Uapi.EL2NSYNC] = nameof(Uapi.EL2NSYNC);
        names[Uapi.EL3HLT] = nameof(Uapi.EL3HLT);
        names[Uapi.EL3RST] = nameof(Uapi.EL3RST);
        names[Uapi.ELNRNG] = nameof(Uapi.ELNRNG);
        names[Uapi.EUNATCH] = nameof(Uapi.EUNATCH);
        names[Uapi.ENOCSI] = nameof(Uapi.ENOCSI);
        names[Uapi.EL2HLT] = nameof(Uapi.EL2HLT);
        names[Uapi.EBADE] = nameof(Uapi.EBADE);
        names[Uapi.EBADR] = nameof(Uapi.EBADR);
        names[Uapi.EXFULL] = nameof(Uapi.EXFULL);
        names[Uapi.ENOANO] = nameof(Uapi.ENOANO);
        names[Uapi.EBADRQC] = nameof(Uapi.EBADRQC);
        names[Uapi.EBADSLT] = nameof(Uapi.EBADSLT);
        names[Uapi.EBFONT] = nameof(Uapi.EBFONT);
        names[Uapi.ENOSTR] = nameof(Uapi.ENOSTR);
        names[Uapi.ENODATA] = nameof(Uapi.ENODATA);
        names[Uapi.ETIME] = nameof(Uapi.ETIME);
        names[Uapi.ENOSR] = nameof(Uapi.ENOSR);
        names[Uapi.ENONET] = nameof(Uapi.ENONET);
        names[Uapi.ENOPKG] = nameof(Uapi.ENOPKG);
        names[Uapi.EREMOTE] = nameof(Uapi.EREMOTE);
        names[Uapi.ENOLINK] = nameof(Uapi.ENOLINK);
        names[Uapi.EADV] = nameof(Uapi.EADV);
        names[Uapi.ESRMNT] = nameof(Uapi.ESRMNT);
        names[Uapi.ECOMM] = nameof(Uapi.ECOMM);
        names[Uapi.EPROTO] = nameof(Uapi.EPROTO);
        names[Uapi.EMULTIHOP] = nameof(Uapi.EMULTIHOP);
        names[Uapi.EDOTDOT] = nameof(Uapi.EDOTDOT);
        names[Uapi.EBADMSG] = nameof(Uapi.EBADMSG);
        names[Uapi.EOVERFLOW] = nameof(Uapi.EOVERFLOW);
        names[Uapi.ENOTUNIQ] = nameof(Uapi.ENOTUNIQ);
        names[Uapi.EBADFD] = nameof(Uapi.EBADFD);
        names[Uapi.EREMCHG] = nameof(Uapi.EREMCHG);
        names[Uapi.ELIBACC] = nameof(Uapi.ELIBACC);
        names[Uapi.ELIBBAD] = nameof(Uapi.ELIBBAD);
        names[Uapi.ELIBSCN] = nameof(Uapi.ELIBSCN);
        names[Uapi.ELIBMAX] = nameof(Uapi.ELIBMAX);
        names[Uapi.ELIBEXEC] = nameof(Uapi.ELIBEXEC);
        names[Uapi.EILSEQ] = nameof(Uapi.EILSEQ);
        names[Uapi.ERESTART] = nameof(Uapi.ERESTART);
        names[Uapi.ESTRPIPE] = nameof(Uapi.ESTRPIPE);
        names[Uapi.EUSERS] = nameof(Uapi.EUSERS);
        names[Uapi.ENOTSOCK] = nameof(Uapi.ENOTSOCK);
        names[Uapi.EDESTADDRREQ] = nameof(Uapi.EDESTADDRREQ);
        names[Uapi.EMSGSIZE] = nameof(Uapi.EMSGSIZE);
        names[Uapi.EPROTOTYPE] = nameof(Uapi.EPROTOTYPE);
        names[Uapi.ENOPROTOOPT] = nameof(Uapi.ENOPROTOOPT);
        names[Uapi.EPROTONOSUPPORT] = nameof(Uapi.EPROTONOSUPPORT);
        names[Uapi.ESOCKTNOSUPPORT] = nameof(Uapi.ESOCKTNOSUPPORT);
        names[Uapi.EOPNOTSUPP] = nameof(Uapi.EOPNOTSUPP);
        names[Uapi.EPFNOSUPPORT] = nameof(Uapi.EPFNOSUPPORT);
        names[Uapi.EAFNOSUPPORT] = nameof(Uapi.EAFNOSUPPORT);
        names[Uapi.EADDRINUSE] = nameof(Uapi.EADDRINUSE);
        names[Uapi.EADDRNOTAVAIL] = nameof(Uapi.EADDRNOTAVAIL);
        names[Uapi.ENETDOWN] = nameof(Uapi.ENETDOWN);
        names[Uapi.ENETUNREACH] = nameof(Uapi.ENETUNREACH);
        names[Uapi.ENETRESET] = nameof(Uapi.ENETRESET);
        names[Uapi.ECONNABORTED] = nameof(Uapi.ECONNABORTED);
        names[Uapi.ECONNRESET] = nameof(Uapi.ECONNRESET);
        names[Uapi.ENOBUFS] = nameof(Uapi.ENOBUFS);
        names[Uapi.EISCONN] = nameof(Uapi.EISCONN);
        names[Uapi.ENOTCONN] = nameof(Uapi.ENOTCONN);
        names[Uapi.ESHUTDOWN] = nameof(Uapi.ESHUTDOWN);
        names[Uapi.ETOOMANYREFS] = nameof(Uapi.ETOOMANYREFS);
        names[Uapi.ETIMEDOUT] = nameof(Uapi.ETIMEDOUT);
        names[Uapi.ECONNREFUSED] = nameof(Uapi.ECONNREFUSED);
        names[Uapi.EHOSTDOWN] = nameof(Uapi.EHOSTDOWN);
        names[Uapi.EHOSTUNREACH] = nameof(Uapi.EHOSTUNREACH);
        names[Uapi.EALREADY] = nameof(Uapi.EALREADY);
        names[Uapi.EINPROGRESS] = nameof(Uapi.EINPROGRESS);
        names[Uapi.ESTALE] = nameof(Uapi.ESTALE);
        names[Uapi.EUCLEAN] = nameof(Uapi.EUCLEAN);
        names[Uapi.ENOTNAM] = nameof(Uapi.ENOTNAM);
        names[Uapi.ENAVAIL] = nameof(Uapi.ENAVAIL);
        names[Uapi.EISNAM] = nameof(Uapi.EISNAM);
        names[Uapi.EREMOTEIO] = nameof(Uapi.EREMOTEIO);
        names[Uapi.EDQUOT] = nameof(Uapi.EDQUOT);
        names[Uapi.ENOMEDIUM] = nameof(Uapi.ENOMEDIUM);
        names[Uapi.EMEDIUMTYPE] = nameof(Uapi.EMEDIUMTYPE);
        names[Uapi.ECANCELED] = nameof(Uapi.ECANCELED);
        names[Uapi.ENOKEY] = nameof(Uapi.ENOKEY);
        names[Uapi.EKEYEXPIRED] = nameof(Uapi.EKEYEXPIRED);
        names[Uapi.EKEYREVOKED] = nameof(Uapi.EKEYREVOKED);
        names[Uapi.EKEYREJECTED] = nameof(Uapi.EKEYREJECTED);
        names[Uapi.EOWNERDEAD] = nameof(Uapi.EOWNERDEAD);
        names[Uapi.ENOTRECOVERABLE] = nameof(Uapi.ENOTRECOVERABLE);
        names[Uapi.ERFKILL] = nameof(Uapi.ERFKILL);
        names[Uapi.EHWPOISON] = nameof(Uapi.EHWPOISON);
        return names;
    }
}
