import CProbe

/// The number of the last error of a system call.
var errno: Int32 { howdah_probe_errno() }

/// The system's word for an error number.
func errorText(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
