package api

import (
	"fmt"
	"net/http"

	"clawback/retract/job"
	"clawback/store"
)

// Job is a bulk job and how far it is.
type Job = job.Status

func (s *Server) jobRoutes(mux *http.ServeMux) {
	mux.Handle("GET /v1/jobs", handler(s.listJobs))
	mux.Handle("POST /v1/jobs", handler(s.startJob))
	mux.Handle("POST /v1/jobs/preview", handler(s.previewJob))
	mux.Handle("GET /v1/jobs/{id}", handler(func(r *http.Request) (any, error) { return s.o.Jobs.Job(r.Context(), r.PathValue("id")) }))
	mux.Handle("POST /v1/jobs/{id}/cancel", handler(s.cancelJob))
	mux.Handle("GET /v1/rehearsed", handler(s.listRehearsed))
}

// spec reads what a job is to do. Who asks is what the kernel says, not what the body says. What is listed may be named by
// Message-ID or network message id too; what means no single record stays as it is, and is refused there.
func (s *Server) spec(r *http.Request) (job.Spec, error) {
	j, err := body[job.Spec](r)
	if err != nil {
		return j, err
	}
	j.Who = who(r)
	if j.Restore == (j.Action != "") {
		return j, errRequest{"a job retracts to an action, or restores"}
	}
	for i, key := range j.Records {
		found, err := s.o.Store.Lookup(r.Context(), "", key)
		if err != nil {
			return j, err
		}
		if len(found) == 1 {
			j.Records[i] = found[0].ID
		}
	}
	return j, nil
}

func (s *Server) previewJob(r *http.Request) (any, error) {
	j, err := s.spec(r)
	if err != nil {
		return nil, err
	}
	return s.o.Jobs.PreviewJob(r.Context(), j)
}

func (s *Server) startJob(r *http.Request) (any, error) {
	j, err := s.spec(r)
	if err != nil {
		return nil, err
	}
	return s.o.Jobs.StartJob(r.Context(), j)
}

func (s *Server) listJobs(r *http.Request) (any, error) { return s.o.Jobs.Jobs(r.Context()) }

func (s *Server) cancelJob(r *http.Request) (any, error) {
	o, err := order(r)
	if err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if err := s.o.Jobs.CancelJob(r.Context(), who(r), id, o.Comment); err != nil {
		return nil, fmt.Errorf("cancel job %s: %w", id, err)
	}
	return s.o.Jobs.Job(r.Context(), id)
}

// listRehearsed lists what would have been done, had the tenant been live.
func (s *Server) listRehearsed(r *http.Request) (any, error) {
	n, err := limit(r)
	if err != nil {
		return nil, err
	}
	all, err := s.o.Store.IntentsBy(r.Context(), store.IntentFilter{Tenant: r.URL.Query().Get("tenant"), Outcomes: []store.Outcome{store.Skipped}, Limit: 100_000})
	list := []store.Intent{}
	for _, in := range all {
		if in.DryRun && len(list) < n {
			list = append(list, in)
		}
	}
	return list, err
}
