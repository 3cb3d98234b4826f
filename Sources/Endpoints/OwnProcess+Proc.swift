import Exposition
import Glibc

extension OwnProcess {
    /// What this process uses now, from `/proc/self`; nil where `/proc` is not there.
    static func read() -> OwnProcess? {
        guard let stat = readFile("/proc/self/stat"), let statm = readFile("/proc/self/statm"),
            // The name in field 2 may hold spaces and brackets; the fields that count stand behind its last bracket.
            let bracket = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[stat.index(after: bracket)...].split(separator: " ")
        let pages = statm.split(separator: " ").compactMap { Double($0) }
        // Field 3 of the file is the first here.
        guard fields.count > 19, pages.count > 1, let user = Double(fields[11]), let system = Double(fields[12]),
            let threads = Int(fields[17]), let startTicks = Double(fields[19])
        else { return nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let pageBytes = Double(sysconf(Int32(_SC_PAGESIZE)))
        return OwnProcess(
            cpuSeconds: (user + system) / ticks,
            residentBytes: pages[1] * pageBytes,
            residentAnonymousBytes: kilobytes(of: "RssAnon:", in: "/proc/self/status"),
            virtualBytes: pages[0] * pageBytes,
            openDescriptors: countDescriptors(),
            maximumDescriptors: descriptorLimit(),
            threads: threads,
            startedAt: bootTime.map { $0 + startTicks / ticks }
        )
    }

    /// `btime` of `/proc/stat`, read once: it moves with clock steps, and the start time must not.
    private static let bootTime: Double? = readFile("/proc/stat").flatMap { text in
        text.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
    }
}

private func kilobytes(of name: String, in path: String) -> Double? {
    guard let line = readFile(path)?.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
    return line.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Double($0) }.map { $0 * 1024 }
}

/// A small file of `/proc` as text; nil where it cannot be read.
///
/// At most 16 KiB, which none of those that are read here has.
private func readFile(_ path: String) -> String? {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, count in
        unsafe count = max(0, Glibc.read(file, buffer.baseAddress, buffer.count))
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
}

private func countDescriptors() -> Int {
    guard let folder = unsafe opendir("/proc/self/fd") else { return 0 }
    defer { unsafe closedir(folder) }
    var count = 0
    while unsafe readdir(folder) != nil { count += 1 }
    // Less `.`, `..` and the descriptor of the folder itself.
    return max(0, count - 3)
}

private func descriptorLimit() -> Int {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    return Int(clamping: limit.rlim_cur)
}
