package cli_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"riposte.dev/cli"
)

// patience bounds every wait for something that another process does.
const patience = 30 * time.Second

// exits CODE PROGRAM [ARGS...] runs a program, which must end with exactly that code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var ended *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &ended):
		got = ended.ExitCode()
	default:
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// eventually PATTERN PROGRAM [ARGS...] runs a program until what it prints matches.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually pattern program [args...]")
	}
	want, err := regexp.Compile(args[0])
	ts.Check(err)
	poll(ts, args[0], func() bool {
		// A program that fails for now may succeed the next time.
		_ = ts.Exec(args[1], args[2:]...)
		return want.MatchString(ts.ReadFile("stdout")) || want.MatchString(ts.ReadFile("stderr"))
	})
}

func poll(ts *testscript.TestScript, what string, holds func() bool) {
	end := time.Now().Add(patience)
	// Asking costs a process, and takes the processor from whoever is waited for: ask less and less often.
	for pause := 20 * time.Millisecond; !holds(); pause = min(2*pause, 500*time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("waited %s in vain for %s", patience, what)
		}
		<-time.After(pause)
	}
}

// expand FILE... replaces $NAME in files by the script's environment.
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: expand file...")
	}
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// gzip FILE... packs files into FILE.gz.
func pack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: gzip file...")
	}
	for _, name := range args {
		f, err := os.Create(ts.MkAbs(name + ".gz"))
		ts.Check(err)
		z := gzip.NewWriter(f)
		_, err = z.Write([]byte(ts.ReadFile(name)))
		ts.Check(errors.Join(err, z.Close(), f.Close()))
	}
}

// occupy NAME listens on a free port, which nobody else can use then, and puts its address into the variable.
func occupy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: occupy NAME")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], listener.Addr().String())
	ts.Defer(func() { _ = listener.Close() }) // the script is over
}

// ready DATA waits until the riposte that runs on a data folder is ready; "!" only until it listens, and not ready it must
// be then. Its address and local token are in URL and TOKEN afterwards.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] ready data")
	}
	poll(ts, "riposte on "+args[0], func() bool {
		client, err := cli.Connect(ts.MkAbs(args[0]))
		if err != nil {
			return false
		}
		ts.Setenv("URL", client.URL)
		ts.Setenv("TOKEN", client.Token)
		resp, err := http.Get(client.URL + "/readyz")
		if err != nil {
			return false
		}
		ts.Check(resp.Body.Close())
		if neg && resp.StatusCode == http.StatusOK {
			ts.Fatalf("riposte is ready")
		}
		return neg || resp.StatusCode == http.StatusOK
	})
}

// terminate DATA sends SIGTERM to the riposte that runs on a data folder.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: terminate data")
	}
	send(ts, args[0], syscall.SIGTERM)
}

// hangup DATA sends SIGHUP to the riposte that runs on a data folder.
func hangup(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hangup data")
	}
	send(ts, args[0], syscall.SIGHUP)
}

// crash DATA kills the riposte that runs on a data folder, without a farewell.
func crash(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: crash data")
	}
	send(ts, args[0], syscall.SIGKILL)
}

func send(ts *testscript.TestScript, data string, signal syscall.Signal) {
	var running cli.Address
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(data+"/"+cli.AddressFile)), &running))
	ts.Check(syscall.Kill(running.PID, signal))
}
