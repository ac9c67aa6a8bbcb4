//go:build !unix

package bus

import (
	"riposte.dev/fault"
)

// freeSpace fails: the embedded bus needs a Unix file system, see lockDir.
func freeSpace(string) (uint64, error) { return 0, errNotUnix() }

// lockDir refuses, because two processes on one directory would destroy each other's streams.
func lockDir(string) (func() error, error) { return nil, errNotUnix() }

func errNotUnix() error {
	return fault.New(fault.Invalid, "bus: the embedded bus runs on Linux, macOS and BSD only").
		WithHint("use an external NATS on this system")
}
