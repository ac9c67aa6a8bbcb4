package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"riposte.dev/app"
	"riposte.dev/cli"
)

// engine is riposte on stage.
type engine interface {
	start(ctx context.Context) error
	stop() error
	kill() error // as a power cut would
}

// inside is the engine in the demo's own process.
type inside struct {
	config, data string
	log          io.Writer
	end          context.CancelFunc
	done         chan error
}

func (i *inside) start(context.Context) error {
	ctx, end := context.WithCancel(context.Background())
	i.end, i.done = end, make(chan error, 1)
	ready := make(chan struct{})
	go func() {
		i.done <- app.Serve(ctx, cli.ServeOptions{Config: i.config, Data: i.data, Log: i.log, Ready: func(string, string) { close(ready) }}, "demo")
	}()
	select {
	case <-ready:
		return nil
	case err := <-i.done:
		i.end = nil
		return fmt.Errorf("riposte did not start: %w", err)
	}
}

func (i *inside) stop() error {
	if i.end == nil {
		return nil
	}
	i.end()
	return <-i.done
}

func (i *inside) kill() error { return errors.New("the engine runs in this process; use --crash") }

// process is the engine in a process of its own, so that it can be killed.
type process struct {
	config, data string
	log          io.Writer
	cmd          *exec.Cmd
}

func (p *process) start(context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p.cmd = exec.CommandContext(context.Background(), self, "serve", "--config", p.config, "--data", p.data)
	p.cmd.Stderr = p.log
	p.cmd.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true")
	return p.cmd.Start()
}

func (p *process) stop() error {
	if p.cmd == nil || p.cmd.Process == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.AfterFunc(40*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	err := p.cmd.Wait()
	p.cmd = nil
	return err
}

func (p *process) kill() error {
	if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	_ = p.cmd.Wait() // it says that the process was killed
	// What a killed process leaves behind must not be taken for a running one.
	return os.Remove(filepath.Join(p.data, cli.AddressFile))
}
