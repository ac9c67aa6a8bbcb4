package app

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The lines that matter of what Linux writes; in smaps each mapping has some twenty.
const smaps = `00400000-0781e000 r-xp 00000000 fe:00 1234                               /opt/my riposte/riposte
Size:             119608 kB
Rss:               31948 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me sd 
0781e000-0ccdd000 r--p 0741e000 fe:00 1234                               /opt/my riposte/riposte
Anonymous:             0 kB
0cc00000-0ccdd000 r--p 0741e000 fe:00 1234                               /opt/my riposte/riposte
Anonymous:             4 kB
0ccdd000-0cf66000 rw-p 0c8dd000 fe:00 1234                               /opt/my riposte/riposte
Anonymous:          1380 kB
0cf66000-0efec000 rw-p 00000000 00:00 0 
Anonymous:           408 kB
7fb6d71c0000-7fb6d7900000 r--p 00000000 fe:00 77                         /opt/my riposte/riposte.db-shm
Anonymous:             0 kB
7ffc5a1f6000-7ffc5a1f8000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
`

func TestFileMappings(t *testing.T) {
	want := []mapping{{0x400000, 0x781e000}, {0x781e000, 0xccdd000}}
	if diff := cmp.Diff(want, fileMappings([]byte(smaps), "/opt/my riposte/riposte"), cmp.AllowUnexported(mapping{})); diff != "" {
		t.Errorf("mappings (-want +got):\n%s", diff)
	}
	for _, broken := range []string{"", "Anonymous: 4 kB\n", "x-y r--p 0 0 0 /p\n", "2-1 r--p 0 0 0 /p\n", "1 r--p 0 0 0 /p\n", "1-2 r 0 0 0 /p\n"} {
		if got := fileMappings([]byte(broken), "/p"); len(got) != 0 {
			t.Errorf("%q: %v", broken, got)
		}
	}
}

// What was given back is there again when it is used.
func TestForgetProgram(t *testing.T) {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	if len(fileMappings(text, program)) == 0 {
		t.Fatalf("no mapping of %s in\n%s", program, text)
	}
	if err := forgetProgram(); err != nil {
		t.Fatal(err)
	}
	TestFileMappings(t)
}
