package app

import (
	"log/slog"
	"runtime/debug"
	"time"
)

// settled is when what is done once after the start is over.
const settled = 10 * time.Second

// settle gives back what only the start needed: garbage at once, and with it the pages of the program itself once the start is
// over. It returns what ends it.
func settle(log *slog.Logger) (stop func() bool) {
	debug.FreeOSMemory()
	return time.AfterFunc(settled, func() {
		debug.FreeOSMemory()
		if err := forgetProgram(); err != nil {
			log.Debug("memory of the start is kept", "error", err)
		}
	}).Stop
}
