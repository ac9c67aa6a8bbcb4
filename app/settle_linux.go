package app

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// forgetProgram takes the program's code and constants out of the process's memory. Starting touches most of it: Go's runtime
// looks at every type with an interface table, and the packages of the SDKs set themselves up; a page that is touched brings its
// neighbours. The pages stay in the kernel's cache and come back when they are needed, without reading the disk.
func forgetProgram() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return err
	}
	for _, m := range fileMappings(text, program) {
		for _, advice := range []uintptr{unix.MADV_NOHUGEPAGE, unix.MADV_DONTNEED} { // a huge page would bring 2 MB back at a touch
			_, _, errno := unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, advice)
			if errno != 0 && (advice != unix.MADV_NOHUGEPAGE || errno != unix.EINVAL) { // a kernel without huge pages
				return fmt.Errorf("give back %x-%x of the program: %w", m.from, m.to, errno)
			}
		}
	}
	return nil
}

type mapping struct{ from, to uintptr }

// fileMappings reads smaps (https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html): the parts of a file that can't be
// written and are as they are in the file. A page that was changed, as the linker of a position-independent program does before it
// takes the right to write away, could not be had again; "Anonymous" tells of those.
func fileMappings(smaps []byte, file string) []mapping {
	var found []mapping
	candidate := false // the last mapping that was begun is one as far as is known
	for line := range bytes.Lines(smaps) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if m, rights, name, ok := mappingLine(line); ok {
			if candidate = name == file && rights[1] == '-'; candidate {
				found = append(found, m)
			}
			continue
		}
		if kib, ok := bytes.CutPrefix(line, []byte("Anonymous:")); ok && candidate && string(bytes.TrimSpace(kib)) != "0 kB" {
			found = found[:len(found)-1]
			candidate = false
		}
	}
	return found
}

// mappingLine reads the line that begins a mapping: 00400000-0781e000 r-xp 00000000 fe:00 1234  /usr/bin/riposte.
func mappingLine(line []byte) (m mapping, rights, name string, ok bool) {
	fields := bytes.SplitN(line, []byte(" "), 6)
	if len(fields) < 6 || len(fields[1]) != 4 {
		return m, "", "", false
	}
	from, to, ok := bytes.Cut(fields[0], []byte("-"))
	if !ok {
		return m, "", "", false
	}
	a, errFrom := strconv.ParseUint(string(from), 16, 64)
	b, errTo := strconv.ParseUint(string(to), 16, 64)
	if errFrom != nil || errTo != nil || a >= b {
		return m, "", "", false
	}
	return mapping{uintptr(a), uintptr(b)}, string(fields[1]), string(bytes.TrimLeft(fields[5], " ")), true
}
