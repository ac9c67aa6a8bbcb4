package web

import (
	"context"
	"net/http"
	"time"

	"riposte.dev/guard"
	"riposte.dev/store"
)

// Exceptions is where exceptions rest.
type Exceptions interface {
	Active(ctx context.Context, now time.Time) ([]guard.Exception, error)
	// History returns every exception that ever was, the latest first.
	History(ctx context.Context) ([]store.ExceptionRecord, error)
	// Exception returns one, ended or not; fault.NotFound where there never was one.
	Exception(ctx context.Context, id string) (store.ExceptionRecord, error)
	AddException(ctx context.Context, e guard.Exception, by string) (guard.Exception, error)
	RemoveException(ctx context.Context, id, by string) error
}

// listExceptions lists those that hold, and with all=true those that have ended too, with who ended them.
func (s *Server) listExceptions(r *http.Request) (any, error) {
	if r.URL.Query().Get("all") == "true" {
		list, err := s.Exceptions.History(r.Context())
		return some(list), err
	}
	list, err := s.Exceptions.Active(r.Context(), s.Now())
	return some(list), err
}

func (s *Server) getException(r *http.Request) (any, error) {
	return s.Exceptions.Exception(r.Context(), r.PathValue("id"))
}

func (s *Server) addException(r *http.Request) (any, error) {
	var e guard.Exception
	if err := readJSON(r, &e); err != nil {
		return nil, err
	}
	return s.Exceptions.AddException(r.Context(), e, CallerOf(r).Name)
}

func (s *Server) removeException(r *http.Request) (any, error) {
	return struct{}{}, s.Exceptions.RemoveException(r.Context(), r.PathValue("id"), CallerOf(r).Name)
}
