import UDPRuntime

Program.main("condriver", NodeCommand.run)
