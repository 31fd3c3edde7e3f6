module example.com/watchfire-receiver

go 1.19
