package main

import "clawback/api/client"

// elsewhere names a daemon on another machine.
type elsewhere struct {
	URL       string `placeholder:"URL" env:"CLAWBACK_URL" help:"Daemon elsewhere: https://gw.example.com:8443."`
	TokenFile string `type:"path" placeholder:"FILE" env:"CLAWBACK_TOKEN_FILE" help:"With --url: has the token."`
	URLCAFile string `name:"url-ca-file" type:"path" placeholder:"FILE" help:"With --url: roots, PEM."`
}

// daemon is how the daemon is asked.
func (c *cli) daemon() *client.Client {
	if c.URL != "" {
		return client.Connect(client.Remote{URL: c.URL, TokenFile: c.TokenFile, CAFile: c.URLCAFile})
	}
	return client.New(c.Socket)
}
