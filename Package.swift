// swift-tools-version: 6.3
import PackageDescription

/// Every Swift target is held to these: language mode 6, the upcoming features, memory safety, no warning left.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// The release build of the exec probe is Embedded Swift in one static file.
///
/// It runs on any image, and without a runtime to set up it starts as fast as `/bin/true`.
///
/// Only in release: the sanitizers cannot link statically, and without optimization unused code would need more of the
/// standard library than Embedded Swift has. `-no-static-stdlib` undoes `--static-swift-stdlib`, which looks for the
/// other standard library.
let embedded = ["-enable-experimental-feature", "Embedded", "-no-static-stdlib"]

/// One room of the house: a target and what it may import.
///
/// `--explicit-target-dependency-import-check error` and `Tests/HouseTests` hold the code to it.
func room(_ name: String, imports: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: imports, swiftSettings: strict)
}

/// The tests of one room; `files` are the golden files and fixtures that they read from the source tree.
func roomTests(_ name: String, imports: [Target.Dependency], files: [String] = []) -> Target {
    .testTarget(name: name, dependencies: imports, exclude: files, swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")

let package = Package(
    name: "howdah",
    products: [
        .executable(name: "howdah", targets: ["howdah"]),
        .executable(name: "howdah-probe", targets: ["howdah-probe"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        // System libraries, and the calls that Swift cannot import.
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLibcurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CLinux", dependencies: ["CLibcurl"]),
        .target(name: "CProbe"),

        // The rooms, in the direction that values flow.
        room("Facts"),
        room("Diagnosis", imports: ["Facts"]),
        room("Deadlines", imports: ["CLinux"]),
        room("PostgresLink", imports: ["CLibpq", "Deadlines", "Facts"]),
        room("AgentLink", imports: ["CLibcurl", "CLinux", "Deadlines", "Facts"]),
        room("Sensors", imports: ["CLinux", "Deadlines", "Facts", "PostgresLink"]),
        room("Exposition", imports: ["Facts", "Diagnosis"]),
        room(
            "Endpoints",
            imports: [
                "CZlib", "Diagnosis", "Exposition", "Facts", logging, lifecycle,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        room(
            "Sidecar",
            imports: [
                "AgentLink", "CLinux", "Deadlines", "Diagnosis", "Endpoints", "Exposition", "Facts", "PostgresLink",
                "Sensors", logging, lifecycle, signals,
            ]
        ),
        .executableTarget(
            name: "howdah",
            dependencies: ["Sidecar", argumentParser],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "howdah-probe",
            dependencies: ["CProbe"],
            swiftSettings: strict + [.unsafeFlags(embedded, .when(configuration: .release))],
            linkerSettings: [
                .unsafeFlags(
                    embedded + ["-Xclang-linker", "-static", "-Xclang-linker", "-Wno-unused-command-line-argument"],
                    .when(configuration: .release)
                )
            ]
        ),

        // The tests mirror the rooms.
        .target(
            name: "Support",
            dependencies: ["Facts", subprocess],
            path: "Tests/Support",
            exclude: ["hold-sessions", "install-postgres", "machine.sh"],
            swiftSettings: strict
        ),
        .target(name: "Faults", dependencies: ["Support"], path: "Tests/Faults", swiftSettings: strict),
        .executableTarget(
            name: "howdah-lab",
            dependencies: ["Faults", "Support"],
            path: "Tests/Lab",
            swiftSettings: strict
        ),
        roomTests("FactsTests", imports: ["Facts", "Support"]),
        roomTests("DiagnosisTests", imports: ["Diagnosis", "Facts", "Support"]),
        roomTests("PostgresLinkTests", imports: ["Deadlines", "Facts", "PostgresLink", "Support"]),
        roomTests(
            "SensorsTests",
            imports: ["CLinux", "Deadlines", "Facts", "PostgresLink", "Sensors", "Support"],
            files: ["Fixtures"]
        ),
        roomTests("ExpositionTests", imports: ["Diagnosis", "Exposition", "Facts", "Support"], files: ["Golden"]),
        roomTests(
            "EndpointsTests",
            imports: [
                "AgentLink", "CLinux", "Deadlines", "Diagnosis", "Endpoints", "Exposition", "Facts", "Support", logging,
                lifecycle,
            ]
        ),
        roomTests(
            "SidecarTests",
            imports: ["CLinux", "Diagnosis", "Exposition", "Facts", "Sensors", "Sidecar", "Support"]
        ),
        roomTests("ProbeTests", imports: ["CProbe", "Support"]),
        roomTests("HouseTests", imports: ["Support"]),
        roomTests("IntegrationTests", imports: ["Faults", "Support"]),
    ],
    swiftLanguageModes: [.v6]
)
