"""Small tables read out of event logs and run folders."""
