// Package testdata embeds the fixtures that the program itself shows. All of them are made by the project.
package testdata

import "embed"

// Demo holds the stories of `clawback demo`.
//
//go:embed demo
var Demo embed.FS
