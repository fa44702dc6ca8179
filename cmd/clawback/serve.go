package main

import (
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"clawback/config"
	"clawback/internal/daemon"
	"clawback/queue"
	"clawback/systemd"
)

type serveCmd struct {
	Config string `short:"c" type:"path" default:"/etc/clawback/clawback.toml" help:"Configuration file."`
}

func (c serveCmd) Run(a *app) error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	sockets, err := systemd.ListenSockets()
	if err != nil {
		return err
	}
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	queue.MoreProcessors()
	log := newLog(cfg, a.rawErr)
	o := daemon.Options{Config: cfg, Version: version, Log: log, Files: a.files, Sockets: sockets, Reload: reload}
	if err := daemon.Run(a.ctx, o); err != nil {
		log.Error("stopped by an error", "event", "daemon.failed", "error", err)
		return errQuiet
	}
	return nil
}

func newLog(cfg *config.Config, w io.Writer) *slog.Logger {
	c := cfg.Log
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	return daemon.Logger(systemd.NewHandler(c.Format, level, w), cfg)
}
