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
    products: [
        .library(name: "Synod", targets: ["Synod"]),
        .library(name: "PaxosNode", targets: ["PaxosNode"]),
        .library(name: "StateMachines", targets: ["StateMachines"]),
        .library(name: "UDPRuntime", targets: ["UDPRuntime"]),
        .executable(name: "condriver", targets: ["condriver"]),
        .executable(name: "clidriver", targets: ["clidriver"]),
        .executable(name: "simulate", targets: ["simulate"]),
        .executable(name: "witness", targets: ["witness"]),
    ],
    targets: [
        .target(name: "ConsensusCore", swiftSettings: settings),
        .target(name: "CLinux"),
        .target(
            name: "UDPRuntime", dependencies: ["ConsensusCore", "CLinux"], swiftSettings: settings),
        .executableTarget(
            name: "condriver",
            dependencies: ["ConsensusCore", "PaxosNode", "StateMachines", "Synod", "UDPRuntime"],
            swiftSettings: settings),
        .executableTarget(
            name: "clidriver",
            dependencies: ["ConsensusCore", "PaxosNode", "StateMachines", "Synod", "UDPRuntime"],
            swiftSettings: settings),
        .target(name: "PaxosNode", dependencies: ["ConsensusCore"], swiftSettings: settings),
        .target(name: "StateMachines", dependencies: ["ConsensusCore"], swiftSettings: settings),
        .target(
            name: "Synod",
            dependencies: ["ConsensusCore", "PaxosNode", "StateMachines", "UDPRuntime"],
            swiftSettings: settings),
        .target(
            name: "Simulation", dependencies: ["ConsensusCore"], swiftSettings: settings),
        .executableTarget(
            name: "witness",
            dependencies: [
                "ConsensusCore", "PaxosNode", "Simulation", "StateMachines", "Synod", "UDPRuntime",
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "simulate",
            dependencies: [
                "ConsensusCore", "PaxosNode", "Simulation", "StateMachines", "UDPRuntime",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ConsensusCoreTests", dependencies: ["ConsensusCore"], swiftSettings: settings),
        .testTarget(
            name: "PaxosNodeTests", dependencies: ["ConsensusCore", "PaxosNode"],
            swiftSettings: settings),
        .testTarget(
            name: "StateMachinesTests", dependencies: ["StateMachines", "ConsensusCore"],
            swiftSettings: settings),
        .testTarget(
            name: "SimulationTests", dependencies: ["Simulation", "ConsensusCore"],
            swiftSettings: settings),
        .testTarget(
            name: "SimulateTests",
            dependencies: ["simulate", "ConsensusCore", "PaxosNode", "Simulation", "UDPRuntime"],
            swiftSettings: settings),
        .testTarget(
            name: "UDPRuntimeTests", dependencies: ["UDPRuntime", "ConsensusCore"],
            swiftSettings: settings),
        .testTarget(
            name: "DriverTests",
            dependencies: [
                "condriver", "clidriver", "ConsensusCore", "PaxosNode", "StateMachines",
                "UDPRuntime",
            ],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
