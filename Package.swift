// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "Synod",
    targets: [
        .target(name: "ConsensusCore", swiftSettings: settings),
        .target(name: "PaxosNode", dependencies: ["ConsensusCore"], swiftSettings: settings),
        .testTarget(
            name: "ConsensusCoreTests", dependencies: ["ConsensusCore"], swiftSettings: settings),
        .testTarget(
            name: "PaxosNodeTests", dependencies: ["ConsensusCore", "PaxosNode"],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
