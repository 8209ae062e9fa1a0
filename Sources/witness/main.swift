await Witness.main()
