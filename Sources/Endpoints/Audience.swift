/// Whom a listener serves, and so which paths it has.
public enum Audience: String, Sendable, Hashable, CaseIterable {
    /// The network: metrics, state, probes. Nothing that carries statement text.
    case everyone
    /// People and programs on this host, by the local address or the Unix socket: everything.
    case local
}
