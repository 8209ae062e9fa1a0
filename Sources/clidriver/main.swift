import UDPRuntime

Program.main("clidriver", ClientCommand.run)
