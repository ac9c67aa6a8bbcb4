package web

import (
	"context"
	"net/http"

	"riposte.dev/guard"
	"riposte.dev/store"
)

// Pauses is the kill switch.
type Pauses interface {
	InForce(ctx context.Context) ([]guard.Pause, error)
	// PauseHistory returns every pause that ever was, the latest first.
	PauseHistory(ctx context.Context) ([]store.PauseRecord, error)
	Pause(ctx context.Context, p guard.Pause, by string) (guard.Pause, error)
	Resume(ctx context.Context, id, by string) error
}

// listPauses lists those in force, and with all=true those that were ended too, with who ended them.
func (s *Server) listPauses(r *http.Request) (any, error) {
	if r.URL.Query().Get("all") == "true" {
		list, err := s.Pauses.PauseHistory(r.Context())
		return some(list), err
	}
	list, err := s.Pauses.InForce(r.Context())
	return some(list), err
}

func (s *Server) addPause(r *http.Request) (any, error) {
	var p guard.Pause
	if err := readJSON(r, &p); err != nil {
		return nil, err
	}
	return s.Pauses.Pause(r.Context(), p, CallerOf(r).Name)
}

func (s *Server) endPause(r *http.Request) (any, error) {
	return struct{}{}, s.Pauses.Resume(r.Context(), r.PathValue("id"), CallerOf(r).Name)
}
