import CLinux
import Glibc

/// Starts a detached thread named `name` (cut to 15 bytes, as the kernel wants it) that runs `body` and ends.
///
/// Every signal is blocked in it: signals belong to the threads that expect them.
/// Throws if the system gives no thread, for example at the limit of the cgroup's `pids.max`.
public func startThread(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemCallError) {
    let box = unsafe Unmanaged.passRetained(ThreadBody(name: name, body: body))
    var blocked = sigset_t()
    var previous = sigset_t()
    unsafe sigfillset(&blocked)
    unsafe pthread_sigmask(SIG_SETMASK, &blocked, &previous)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &previous, nil) }

    var thread = pthread_t()
    let code = unsafe pthread_create(
        &thread,
        nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            let box = unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
            nameThisThread(box.name)
            box.body()
            return nil
        },
        box.toOpaque()
    )
    guard code == 0 else {
        unsafe box.release()
        throw SystemCallError("pthread_create", code: code)
    }
    pthread_detach(thread)
}

/// Does what `pthread_setname_np` does, which Swift cannot import; only a label, so a failure changes nothing.
private func nameThisThread(_ name: String) {
    let file = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = unsafe write(file, name, name.utf8.count)
    close(file)
}

/// What crosses into a new thread.
private final class ThreadBody: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
        self.body = body
    }
}
