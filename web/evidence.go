package web

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
)

// Evidence writes the archive of an execution (see package evidence); fault.NotFound where there is no such execution.
type Evidence func(ctx context.Context, execution string, w io.Writer) error

// getEvidence answers with the archive, and only once it is whole.
func (s *Server) getEvidence(w http.ResponseWriter, r *http.Request) {
	var archive bytes.Buffer
	if err := s.Evidence(r.Context(), r.PathValue("id"), &archive); err != nil {
		writeFault(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/gzip")
	w.Header().Set("Content-Length", strconv.Itoa(archive.Len()))
	_, _ = w.Write(archive.Bytes()) // the client is gone when this fails
}
