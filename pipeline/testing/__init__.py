"""For tests, public: fakes of every port, and builders of events as Lambda delivers them."""
