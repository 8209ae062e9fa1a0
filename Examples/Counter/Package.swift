// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Counter",
    dependencies: [.package(name: "Synod", path: "../..")],
    targets: [
        .target(
            name: "Counter",
            dependencies: [
                .product(name: "Synod", package: "Synod"),
            ]),
        .executableTarget(name: "count", dependencies: ["Counter"]),
        .testTarget(name: "CounterTests", dependencies: ["Counter"]),
    ],
    swiftLanguageModes: [.v6]
)
