import UDPRuntime

await Program.main("witness", Witness.run)
