package mirror

import (
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/mod/module"

	"workstation/sidecars/sumdb/internal/upstream"
)

// refusedError: the upstream said something that does not belong to the database.
type refusedError struct{ error }

func refuse(format string, values ...any) error {
	return &refusedError{fmt.Errorf("refused what the upstream answered: "+format, values...)}
}

// diskError: the store could not be read or written.
type diskError struct{ error }

func (e *diskError) Unwrap() error { return e.error }

// damageError: what is stored contradicts the head, and there is no upstream to heal it.
type damageError struct{ error }

// fetchError: the upstream could not be asked, or said no.
type fetchError struct{ error }

func (e *fetchError) Unwrap() error { return e.error }

// privateError: the name must not leave this machine.
type privateError struct{ version module.Version }

func (e *privateError) Error() string {
	return fmt.Sprintf("%s is private and is not looked up in a public checksum database: "+
		"set GONOSUMDB (or GOPRIVATE) so that the go command does not ask", e.version.Path)
}

// absentError: offline, and never seen.
type absentError struct{ what string }

func (e *absentError) Error() string {
	return fmt.Sprintf("not found: this mirror of the checksum database is offline and does not hold %s: "+
		"look it up once where there is a network, or bring a newer bundle", e.what)
}

// Status is the HTTP status that tells an error to the go command.
func Status(err error) int {
	var private *privateError
	var absent *absentError
	var refused *refusedError
	var status *upstream.StatusError
	var fetch *fetchError
	switch {
	case errors.As(err, &private):
		return http.StatusForbidden
	case errors.As(err, &absent), errors.Is(err, errMissing):
		return http.StatusNotFound
	case upstream.NotFound(err) && errors.As(err, &status):
		return status.Code
	case errors.As(err, &refused), errors.As(err, &fetch):
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError
}
