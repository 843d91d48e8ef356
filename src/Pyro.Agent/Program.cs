System.Console.WriteLine("pyro-agent");
