//go:build !unix

package doctor

import "riposte.dev/fault"

// freeSpace is not known here.
func freeSpace(string) (uint64, error) {
	return 0, fault.New(fault.Unavailable, "the free space is not known on this system")
}
