System.Console.WriteLine("pyro");
