package outbound

import (
	"io"
	"os"
	"strings"

	"riposte.dev/fault"
)

const maxSecret = 64 << 10

// Secret reads a secret of at most 64 KiB from its file, without the white space around it. It is meant to be called for
// each use, so that the file can be rotated. Its errors name the file, never what is in it; their code is
// fault.Unavailable, because somebody may be writing the file right now.
func Secret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fault.New(fault.Unavailable, "read the secret: %w", err).WithHint("make the file, readable for riposte only")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", fault.New(fault.Unavailable, "read the secret: %w", err)
	}
	secret := strings.TrimSpace(string(data))
	if secret == "" || len(data) > maxSecret {
		return "", fault.New(fault.Unavailable, "the secret file %s is empty or has more than %d bytes", path, maxSecret).
			WithHint("write the secret into it, in one line")
	}
	return secret, nil
}
