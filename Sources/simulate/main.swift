await SimulateCommand.main()
