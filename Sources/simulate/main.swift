import UDPRuntime

await Program.main("simulate", SimulateCommand.run)
