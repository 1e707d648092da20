import { mount } from 'svelte';
import App from './App.svelte';
import './frame.css';
import './cards.css';
import './charts.css';
import './find.css';

const target = document.getElementById('app');
if (target) mount(App, { target });
