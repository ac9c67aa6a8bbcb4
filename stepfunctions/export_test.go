package stepfunctions

import "time"

// SyncFor sets how long a synchronous execution may take.
func (h *Handler) SyncFor(d time.Duration) { h.syncFor = d }

// Pointer is pointer.
func Pointer(path string) string { return pointer(path) }
